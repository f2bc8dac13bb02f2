"""How dates read in each language. Templates write the English pattern; another language says here how it reads."""
