/** The colours of a picture. */
export type Theme = {
  paper: string;
  ink: string;
  faint: string;
  line: string;
  first: string;
  retry: string;
  fallback: string;
  lost: string;
  other: string;
};

/** The four colours differ in lightness as well, for people who do not tell red from green. */
export const LIGHT: Theme = {
  paper: '#ffffff',
  ink: '#1f2937',
  faint: '#5b6675',
  line: '#e5e9ef',
  first: '#3f8f83',
  retry: '#e2a53a',
  fallback: '#7566c2',
  lost: '#d0405a',
  other: '#b9c2cd',
};

export const DARK: Theme = {
  paper: '#171b22',
  ink: '#e8ecf2',
  faint: '#a3aebc',
  line: '#2b323d',
  first: '#5cb8aa',
  retry: '#f0bd5e',
  fallback: '#a498ec',
  lost: '#f2718a',
  other: '#566171',
};
