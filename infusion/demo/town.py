"""Where the demo clinic may stand: time zones, each with its country and emergency number."""

# The demo opens in the zone where it is nearest to eleven in the morning, so that a day is under way to look at.
ZONES = {
    "Pacific/Auckland": ("NZ", "111"),
    "Australia/Sydney": ("AU", "000"),
    "Asia/Singapore": ("SG", "995"),
    "Asia/Kolkata": ("IN", "112"),
    "Africa/Johannesburg": ("ZA", "112"),
    "Europe/London": ("GB", "999"),
    "America/New_York": ("US", "911"),
    "America/Los_Angeles": ("US", "911"),
}
