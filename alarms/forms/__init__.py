"""Files of definitions in other forms than that of this project: one module reads each form."""
