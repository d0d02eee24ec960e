export { Auditor, audit } from './auditor.ts'
export { type AuditRule, auditRules } from './violation.ts'
