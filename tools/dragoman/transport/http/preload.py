"""Importing this imports what the first request over HTTP would import, so that a server has it ready before."""

# ruff: noqa: F401  # everything here is imported for its effect
# pyright: reportUnusedImport=false

import certifi
import h2.connection
import httpcore
import httpcore._async.http2
import httpcore._backends.anyio

import dragoman.transport.http.connection_pool
