"""How a day and a time of day are said in the languages that agents speak. Small tables only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """`day` and `clock` say a date and a time; `at` is what stands between the two."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    today: str
    tomorrow: str
    on: str = ""  # before a weekday alone
    day: Callable[[str, int, str], str]  # weekday, day of the month, month
    clock: Callable[[time], str]
    at: Callable[[time], str]

    def said(self, day: date) -> str:
        """`Tuesday, March 10`."""
        return self.day(self.weekday(day), day.day, self.months[day.month - 1])

    def weekday(self, day: date) -> str:
        """`Tuesday`."""
        return self.days[day.weekday()]


def _english(at: time) -> str:
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes} {'AM' if at.hour < 12 else 'PM'}"


def _letter(letter: str) -> Callable[[time], str]:
    """`14h`, `14h30`."""
    return lambda at: f"{at.hour}{letter}{f'{at.minute:02}' if at.minute else ''}".rstrip()


def _colon(at: time) -> str:
    return f"{at.hour}:{at.minute:02}"


LANGUAGES: Mapping[str, Language] = {
    "en": Language(
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=(
            *("January", "February", "March", "April", "May", "June", "July"),
            *("August", "September", "October", "November", "December"),
        ),
        today="today",
        tomorrow="tomorrow",
        day=lambda weekday, day, month: f"{weekday}, {month} {day}",
        clock=_english,
        at=lambda at: f" at {_english(at)}",
    ),
    "es": Language(
        days=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        months=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio"),
            *("agosto", "septiembre", "octubre", "noviembre", "diciembre"),
        ),
        today="hoy",
        tomorrow="mañana",
        on="el ",
        day=lambda weekday, day, month: f"{weekday} {day} de {month}",
        clock=_colon,
        at=lambda at: f" a la{'' if at.hour == 1 else 's'} {_colon(at)}",
    ),
    "fr": Language(
        days=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        months=(
            *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
            *("août", "septembre", "octobre", "novembre", "décembre"),
        ),
        today="aujourd'hui",
        tomorrow="demain",
        day=lambda weekday, day, month: f"{weekday} {'1er' if day == 1 else day} {month}",
        clock=_letter(" h "),
        at=lambda at: f" à {_letter(' h ')(at)}",
    ),
    "de": Language(
        days=(
            *("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"),
            *("Samstag", "Sonntag"),
        ),
        months=(
            *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
            *("August", "September", "Oktober", "November", "Dezember"),
        ),
        today="heute",
        tomorrow="morgen",
        day=lambda weekday, day, month: f"{weekday}, {day}. {month}",
        clock=lambda at: f"{_letter(':')(at).rstrip(':')} Uhr",
        at=lambda at: f" um {_letter(':')(at).rstrip(':')} Uhr",
    ),
    "pt": Language(
        days=(
            *("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira"),
            *("sábado", "domingo"),
        ),
        months=(
            *("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho"),
            *("agosto", "setembro", "outubro", "novembro", "dezembro"),
        ),
        today="hoje",
        tomorrow="amanhã",
        day=lambda weekday, day, month: f"{weekday}, {'1º' if day == 1 else day} de {month}",
        clock=_letter("h"),
        at=lambda at: f" {'à' if at.hour == 1 else 'às'} {_letter('h')(at)}",
    ),
    "it": Language(
        days=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
        months=(
            *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio"),
            *("agosto", "settembre", "ottobre", "novembre", "dicembre"),
        ),
        today="oggi",
        tomorrow="domani",
        day=lambda weekday, day, month: f"{weekday} {'1º' if day == 1 else day} {month}",
        clock=_colon,
        at=lambda at: f" all'{_colon(at)}" if at.hour == 1 else f" alle {_colon(at)}",
    ),
}
"""Every locale that `spoken` knows."""
USUAL = "en"
