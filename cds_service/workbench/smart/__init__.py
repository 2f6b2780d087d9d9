"""The SMART app: the patient's picture inside an EHR (SMART App Launch 2.2.0, EHR launch). Off
until the site has a client id.

The app has no session storage: the state of a launch is in a sealed cookie of the browser, and the
access token is used for one request only.
"""
