"""Which clients are trusted, and how they prove who they are (CDS Hooks 3.0.0, "Trusting CDS
Clients"); knows no HTTP server."""
