"""The states, territories and provinces that people write into a `state` column, by ISO 3166-2."""

from __future__ import annotations

from collections.abc import Mapping


def _parts(*written: str) -> Mapping[str, str]:
    """Code → name, of `AL Alabama, AK Alaska`."""
    parts = (part.strip().partition(" ") for line in written for part in line.split(","))
    return {code: name for code, _, name in parts}


STATES: Mapping[str, Mapping[str, str]] = {
    "US": _parts(
        "AL Alabama, AK Alaska, AZ Arizona, AR Arkansas, CA California, CO Colorado",
        "CT Connecticut, DE Delaware, DC District of Columbia, FL Florida, GA Georgia, HI Hawaii",
        "ID Idaho, IL Illinois, IN Indiana, IA Iowa, KS Kansas, KY Kentucky, LA Louisiana",
        "ME Maine, MD Maryland, MA Massachusetts, MI Michigan, MN Minnesota, MS Mississippi",
        "MO Missouri, MT Montana, NE Nebraska, NV Nevada, NH New Hampshire, NJ New Jersey",
        "NM New Mexico, NY New York, NC North Carolina, ND North Dakota, OH Ohio, OK Oklahoma",
        "OR Oregon, PA Pennsylvania, RI Rhode Island, SC South Carolina, SD South Dakota",
        "TN Tennessee, TX Texas, UT Utah, VT Vermont, VA Virginia, WA Washington",
        "WV West Virginia, WI Wisconsin, WY Wyoming, AS American Samoa, GU Guam",
        "MP Northern Mariana Islands, PR Puerto Rico, VI Virgin Islands",
    ),
    "CA": _parts(
        "AB Alberta, BC British Columbia, MB Manitoba, NB New Brunswick",
        "NL Newfoundland and Labrador, NS Nova Scotia, NT Northwest Territories, NU Nunavut",
        "ON Ontario, PE Prince Edward Island, QC Quebec, SK Saskatchewan, YT Yukon",
    ),
    "AU": _parts(
        "ACT Australian Capital Territory, NSW New South Wales, NT Northern Territory",
        "QLD Queensland, SA South Australia, TAS Tasmania, VIC Victoria, WA Western Australia",
    ),
}
"""Country → code of a part → its name."""

ALSO: Mapping[str, Mapping[str, str]] = {
    "US": {"Washington DC": "DC", "Washington State": "WA", "US Virgin Islands": "VI"},
    "CA": {"Newfoundland": "NL", "Labrador": "NL", "PEI": "PE", "PQ": "QC", "NWT": "NT"},
    "AU": {},
}
"""Country → another name in use → code."""
