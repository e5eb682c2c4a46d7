"""The devices of the machine, a register page each. See docs/devices.md for the pages."""
