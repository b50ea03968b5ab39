; What CSS names and imports; see assistant/repository/symbols.py for the captures.

(rule_set (selectors) @name (block) @body) @definition.rule
(keyframes_statement (keyframes_name) @name) @definition.rule
(stylesheet (rule_set (block (declaration (property_name) @name
  (#match? @name "^--")) @definition.variable)))

(call_expression (function_name) @_var (arguments (plain_value) @reference)
  (#eq? @_var "var"))

(import_statement (string_value) @module) @import
(import_statement (call_expression (arguments (string_value) @module))) @import
