"""The embedded service's own needs: one supervisor, a broker on a socket, a folder that can carry both."""
