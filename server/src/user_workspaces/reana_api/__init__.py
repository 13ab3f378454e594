"""The REST API of REANA 0.9.4 over our own workflows, so that its clients work here as they are."""
