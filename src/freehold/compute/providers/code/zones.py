"""Which time zone a place name means.

The names are those of the time zone database (Europe/Berlin gives "Berlin") and a few large cities it does not list. A name
borne by places in different zones, or that is mostly something else, is left out: nobody asks for the one meant rarely,
and the one who does must not get the other's time. Letters such as EST, CST or IST stand for several zones and are none.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .question import Unclear, words

_AREAS = words("Africa America Asia Atlantic Australia Europe Indian Pacific")
_TWICE_IN_THE_WORLD = words(
    "act antigua catamarca center central chatham christmas cordoba creston dawson easter eastern halifax hebron jersey "
    "johnston jujuy knox_in la_paz lhi mendoza merida midway mountain nelson norfolk north nsw oral pacific regina resolute "
    "rosario samoa santa_isabel santarem south st_johns stanley victoria virgin wake wallis west yancowinna"
)
_CITIES = {
    "Africa/Johannesburg": "cape town,durban,pretoria",
    "Africa/Cairo": "alexandria egypt",
    "America/Chicago": "austin,dallas,houston,milwaukee,minneapolis,new orleans,san antonio",
    "America/Edmonton": "calgary",
    "America/Los_Angeles": "las vegas,san diego,san francisco,san jose california,seattle,la,los angeles",
    "America/New_York": "atlanta,baltimore,boston,miami,new york city,nyc,philadelphia,pittsburgh,washington dc",
    "America/Denver": "salt lake city",
    "America/Sao_Paulo": "brasilia,rio de janeiro,rio,são paulo",
    "America/Toronto": "ottawa,montreal,montréal,quebec city",
    "Asia/Dubai": "abu dhabi",
    "Asia/Ho_Chi_Minh": "hanoi,ho chi minh city",
    "Asia/Jerusalem": "tel aviv",
    "Asia/Karachi": "islamabad,lahore",
    "Asia/Kolkata": "bangalore,bengaluru,chennai,delhi,mumbai,new delhi,pune",
    "Asia/Riyadh": "jeddah,mecca",
    "Asia/Shanghai": "beijing,guangzhou,shenzhen",
    "Asia/Tokyo": "kyoto,nagoya,osaka,sapporo",
    "Asia/Seoul": "busan",
    "Australia/Sydney": "canberra",
    "Europe/Amsterdam": "rotterdam,the hague",
    "Europe/Berlin": "cologne,dresden,düsseldorf,dusseldorf,frankfurt,hamburg,leipzig,munich,münchen,stuttgart",
    "Europe/Brussels": "antwerp",
    "Europe/Istanbul": "ankara",
    "Europe/Kyiv": "kiev,kyiv",
    "Europe/London": "edinburgh,glasgow,liverpool",
    "Europe/Madrid": "barcelona,seville",
    "Europe/Paris": "bordeaux,lyon,marseille,nice france,toulouse",
    "Europe/Rome": "florence italy,milan,naples italy,turin",
    "Europe/Warsaw": "krakow,kraków,gdansk",
    "Europe/Zurich": "basel,bern,geneva,zürich",
    "Pacific/Auckland": "wellington",
    "UTC": "utc,gmt,z",
}
_COUNTRIES = {
    "Asia/Tokyo": "japan",
    "Asia/Seoul": "south korea",
    "Asia/Kolkata": "india",
    "Asia/Shanghai": "china",
    "Europe/Berlin": "germany",
    "Europe/London": "the uk,uk,england",
    "Europe/Rome": "italy",
    "Europe/Warsaw": "poland",
    "Europe/Zurich": "switzerland",
    "Europe/Stockholm": "sweden",
    "Europe/Vienna": "austria",
    "Europe/Athens": "greece",
    "Europe/Dublin": "ireland",
    "Africa/Cairo": "egypt",
    "Africa/Lagos": "nigeria",
    "Africa/Nairobi": "kenya",
    "Asia/Bangkok": "thailand",
    "Asia/Karachi": "pakistan",
    "America/Bogota": "colombia",
    "America/Lima": "peru",
}


def find_zone(place: str) -> ZoneInfo:
    """The time zone of a city, a country with one zone, UTC or a full zone name; else `Unclear`."""
    name = _names().get(" ".join(place.lower().replace("_", " ").split()))
    if name is None:
        raise Unclear
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise Unclear from None


@cache
def _names() -> dict[str, str]:
    """What a place may be called, in small letters, and its zone."""
    from importlib.resources import files

    names: dict[str, str] = {}
    for zone in files("tzdata").joinpath("zones").read_text().split():
        area, _, city = zone.partition("/")
        if area not in _AREAS or "/" in city:
            continue
        names[zone.lower().replace("_", " ")] = zone
        if city.lower() not in _TWICE_IN_THE_WORLD:
            names[city.lower().replace("_", " ")] = zone
    for table in (_CITIES, _COUNTRIES):
        names.update((city, zone) for zone, cities in table.items() for city in cities.split(","))
    return names
