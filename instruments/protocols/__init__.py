"""Wire protocols, sans-I/O: bytes in, bytes out, commands as data."""
