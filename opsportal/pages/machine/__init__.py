"""Cards of a server's overview that show the machine itself."""
