/** The words for events and rules, for the command line and the page of the dashboard. */
export { eventDetail } from './event-text.ts'
export { policyFacts, policyText } from './policy-text.ts'
