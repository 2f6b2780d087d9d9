"""The trusted clients, and how they prove their identity (CDS Hooks 3.0.0, "Trusting CDS
Clients"). This package knows no HTTP server."""
