"""The SMART app: the patient's picture inside an EHR (SMART App Launch 2.2.0, EHR launch). Off
until the site has a client id.

It keeps nothing: what a launch has to remember is in a sealed cookie of the browser, and the token
lives for one request.
"""
