"""The REST API: one file a noun, thin views over actions and queries. The contract is what clients rely on."""
