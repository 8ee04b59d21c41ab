// Numbers and times as people of the reader's region write them.

import { locale } from "./words.js";

const made = (options) => new Intl.NumberFormat(locale, options);
const plain = made({});
const percent = made({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const milliseconds = made({ style: "unit", unit: "millisecond" });
const score = made({ minimumFractionDigits: 3, maximumFractionDigits: 3 });
// A day is the server's, in UTC; a moment is told by the reader's own clock.
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

export const numberText = (value) => plain.format(value);
export const percentText = (share) => percent.format(share);
export const millisecondsText = (value) => milliseconds.format(value);
export const scoreText = (value) => score.format(value);

/** "2026-03-09" as a date. */
export const dayText = (iso) => day.format(new Date(iso));

/** A time with its zone as date and hour. */
export const momentText = (iso) => moment.format(new Date(iso));
