"""The REST API of REANA 0.9.4 for this server's workflows, so that REANA's clients work without changes."""
