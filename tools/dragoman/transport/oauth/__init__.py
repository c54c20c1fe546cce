"""OAuth 2 for every provider: signing in, access tokens that renew themselves, and where the tokens are stored.

A provider takes :class:`OAuthSettings` as the setting ``oauth``, makes an :class:`OAuthClient` of it with the scopes
that it needs, and authorizes its calls with an :class:`OAuthSession`. ``dragoman login`` signs in to the same client.
"""
