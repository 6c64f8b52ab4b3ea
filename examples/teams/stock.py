"""The shop's list, as a tool: a Python function that `shop.yaml` names."""

PARTS = {
    "chain 9 speed": (12, 18.90),
    "chain 11 speed": (0, 27.50),
    "brake pads": (40, 9.90),
    "inner tube 28": (65, 6.50),
    "saddle": (3, 49.00),
    "front light": (7, 24.90),
}


def in_stock(part: str) -> str:
    """Look up parts by a word or two: how many are there, and what one costs."""
    words = part.lower().split()
    found = {name: told for name, told in PARTS.items() if any(word in name for word in words)}
    if not found:
        return f"Nothing under this name. There are: {', '.join(PARTS)}."
    return "\n".join(f"{name}: {count} there, {price:.2f} euros each" for name, (count, price) in found.items())
