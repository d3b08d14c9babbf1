export const REPORT = {
  of: 'Delivery report,',
  from: 'From',
  to: 'To',
  show: 'Show',
  today: 'Today so far',
  yesterday: 'Yesterday',
  week: 'The last 7 days',
  month: 'The last 30 days',
  counted: 'Counted',
  late: 'Late events change these figures; times to delivery are exact to 10 %.',
} as const;
