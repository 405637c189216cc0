"""The broadcast clip made with another library, run by an interpreter that has it."""
