"""People, the tokens they use, and the accounts of the operating system that are theirs."""
