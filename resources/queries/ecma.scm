; What JavaScript and TypeScript have in common; see assistant/repository/symbols.py for the captures.

(function_declaration name: (identifier) @name) @definition.function
(generator_function_declaration name: (identifier) @name) @definition.function
(method_definition name: [(property_identifier) (private_property_identifier)] @name) @definition.method
(variable_declarator
  name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function
(program [(lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable)
          (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable)])
(program (export_statement
  declaration: (lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable)))
(pair
  key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method
(expression_statement (assignment_expression
  left: (member_expression object: (this) property: (property_identifier) @attribute))) @assigned
(assignment_expression
  left: (member_expression object: (_) @parent property: (property_identifier) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function

(call_expression function: (identifier) @reference)
(call_expression function: (member_expression property: (property_identifier) @reference))
(new_expression constructor: (identifier) @reference)
(new_expression constructor: (member_expression property: (property_identifier) @reference))

(import_statement source: (string) @module) @import
(import_statement (import_clause (identifier) @default) source: (string) @module) @import
(import_statement (import_clause (namespace_import (identifier) @namespace)) source: (string) @module) @import
(import_statement
  (import_clause (named_imports (import_specifier name: (identifier) @imported !alias)))
  source: (string) @module) @import
(import_statement
  (import_clause (named_imports (import_specifier name: (_) @imported alias: (identifier) @alias)))
  source: (string) @module) @import
(export_statement source: (string) @module) @import
(export_statement
  (export_clause (export_specifier name: (identifier) @imported))
  source: (string) @module) @import
(variable_declarator
  name: (identifier) @namespace
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments . (string) @module))
  (#eq? @_require "require")) @import
(variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @imported)
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments . (string) @module))
  (#eq? @_require "require")) @import
(call_expression function: (import) arguments: (arguments . (string) @module)) @import
