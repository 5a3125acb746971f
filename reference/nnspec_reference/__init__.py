"""The classical neural-network equations, written to be read and run on any scalar."""
