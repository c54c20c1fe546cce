"""ProviderContract: the tests that every provider inherits."""
