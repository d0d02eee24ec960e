export { Auditor, audit } from './auditor.ts'
export { statementMarkdown } from './markdown.ts'
export { Audit, type Statement } from './statement.ts'
export { type AuditRule, auditRules } from './violation.ts'
