"""Which time zones each state, territory and province lies in, and area codes that straddle a line.

Facts of the IANA database (zone.tab, as of 2026), under the names that number data uses for a
clock. A state that a line of time runs through has all of its zones: nobody knows which side.
"""

from __future__ import annotations

from collections.abc import Mapping

_EASTERN, _CENTRAL, _MOUNTAIN = "America/New_York", "America/Chicago", "America/Denver"
_PACIFIC, _BOISE, _DAKOTA = "America/Los_Angeles", "America/Boise", "America/North_Dakota/Center"

_US = {
    (_EASTERN,): "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    (_CENTRAL,): "AL AR IA IL LA MN MO MS OK WI",
    (_MOUNTAIN,): "CO MT NM UT WY",
    (_PACIFIC,): "CA WA",
    (_CENTRAL, _EASTERN): "FL IN KY MI TN",
    (_CENTRAL, _MOUNTAIN): "KS NE TX",
    (_MOUNTAIN, _DAKOTA): "ND SD",
    (_BOISE, _PACIFIC): "ID NV OR",
    (_MOUNTAIN, "America/Phoenix"): "AZ",  # the Navajo Nation changes its clocks
    ("America/Adak", "America/Anchorage"): "AK",
    ("Pacific/Honolulu",): "HI",
    ("Pacific/Pago_Pago",): "AS",
    ("Pacific/Guam",): "GU",
    ("Pacific/Saipan",): "MP",
    ("America/Puerto_Rico",): "PR",
    ("America/St_Thomas",): "VI",
}
_TORONTO, _WINNIPEG, _EDMONTON = "America/Toronto", "America/Winnipeg", "America/Edmonton"
_HALIFAX, _ATIKOKAN, _ATLANTIC = "America/Halifax", "America/Atikokan", "America/Puerto_Rico"
_FORT_NELSON = "America/Fort_Nelson"
_CANADA = {
    (_EDMONTON,): "AB NT",
    (_EDMONTON, _FORT_NELSON, "America/Vancouver"): "BC",
    (_WINNIPEG,): "MB",
    (_HALIFAX,): "NB NS PE",
    (_HALIFAX, "America/St_Johns"): "NL",
    (_ATIKOKAN, _EDMONTON, "America/Iqaluit", _WINNIPEG): "NU",
    (_ATIKOKAN, _TORONTO, _WINNIPEG): "ON",
    (_ATLANTIC, _HALIFAX, _TORONTO): "QC",
    (_EDMONTON, "America/Regina"): "SK",  # Lloydminster keeps the time of Alberta
    ("America/Whitehorse",): "YT",
}
_AUSTRALIA = {
    ("Australia/Sydney",): "ACT",
    ("Australia/Adelaide", "Australia/Lord_Howe", "Australia/Sydney"): "NSW",  # Broken Hill
    ("Australia/Darwin",): "NT",
    ("Australia/Brisbane",): "QLD",
    ("Australia/Adelaide",): "SA",
    ("Australia/Hobart",): "TAS",
    ("Australia/Melbourne",): "VIC",
    ("Australia/Eucla", "Australia/Perth"): "WA",
}

PART_ZONES: Mapping[str, tuple[str, ...]] = {
    f"{country}-{part}": tuple(sorted(names))
    for country, table in (("US", _US), ("CA", _CANADA), ("AU", _AUSTRALIA))
    for names, parts in table.items()
    for part in parts.split()
}
"""ISO code of a part of a country → its zones, sorted."""

_STRADDLING = {
    (_CENTRAL, _EASTERN): "219 270 364 423 448 574 606 812 850 906 930 931",
    (_EASTERN,): "689",  # Orlando, which the library takes for Central
    (_CENTRAL, _MOUNTAIN): "308 432 620 785 915",
    (_MOUNTAIN, _DAKOTA): "605 701",
    (_BOISE, _PACIFIC): "208 458 541 775 986",
    (_MOUNTAIN, "America/Phoenix"): "928",
    PART_ZONES["CA-BC"]: "236 250 257 672 778",
    PART_ZONES["CA-ON"]: "807",
    PART_ZONES["CA-QC"]: "367 418 581",
    PART_ZONES["CA-SK"]: "306 474 639",
    PART_ZONES["CA-NL"]: "709 879",
    ("America/Whitehorse", *PART_ZONES["CA-NT"], *PART_ZONES["CA-NU"]): "867",
}
STRADDLING: Mapping[str, tuple[str, ...]] = {
    code: names for names, codes in _STRADDLING.items() for code in codes.split()
}
"""Area code → the zones it lies in, where number data names too few of them."""
