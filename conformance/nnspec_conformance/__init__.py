"""The suite that holds implementations to the specification, and the command `nnspec`."""
