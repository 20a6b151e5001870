"""What is kept in step: canonical fields, stage ladders, sync rules, and how each System spells them.

Start at `mappings.model`; `mappings.load` reads what people write, `mappings.convert` turns values.
"""
