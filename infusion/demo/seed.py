def fill(*, now):
    return []
