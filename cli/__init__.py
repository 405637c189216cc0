"""The parts that all commands of this project share: options, output and exit codes."""
