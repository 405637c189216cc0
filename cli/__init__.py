"""What all commands of this project share: how they read options, what they print, and with which code they exit."""
