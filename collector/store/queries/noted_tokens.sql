-- What the audit log says of tokens.
select action, detail from audit where action in ('token made', 'token revoked')
