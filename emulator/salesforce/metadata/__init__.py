"""Definitions in the words of Metadata API, which the Tooling API and the SOAP Metadata API share."""
