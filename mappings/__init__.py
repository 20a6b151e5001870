"""What is kept in step: canonical fields, stage ladders, sync rules, and how each System spells them.

Start at `mappings.model`; `mappings.files.load` reads what people write, `mappings.values.convert` turns values.
"""
