"""What leaves the system: channel files and the suppression list."""
