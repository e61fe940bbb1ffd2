"""How a threshold is written."""


def written(threshold: float) -> str:
    """With three decimals, and up to six where it has more: it may be copied, and what is shown of
    one is not shown of a lower one."""
    exact = f"{threshold:.6f}".rstrip("0")
    return max(exact, f"{threshold:.3f}", key=len)
