; What PHP defines, uses and imports; see assistant/repository/symbols.py for the captures.

(namespace_definition name: (_) @name) @definition.namespace
(class_declaration name: (name) @name) @definition.class
(interface_declaration name: (name) @name) @definition.interface
(trait_declaration name: (name) @name) @definition.trait
(enum_declaration name: (name) @name) @definition.enum
(enum_case name: (name) @name) @definition.constant
(function_definition name: (name) @name) @definition.function
(method_declaration name: (name) @name) @definition.method
(property_declaration (property_element name: (variable_name) @name)) @definition.field
(const_declaration (const_element . (name) @name)) @definition.constant

(function_call_expression function: (name) @reference)
(member_call_expression name: (name) @reference)
(scoped_call_expression scope: (name) @reference)
(scoped_call_expression name: (name) @reference)
(object_creation_expression (name) @reference)
(base_clause (name) @reference)
(class_interface_clause (name) @reference)
(named_type (name) @reference)

(namespace_use_declaration (namespace_use_clause [(qualified_name) (name)] @module !alias)) @import
(namespace_use_declaration (namespace_use_clause [(qualified_name) (name)] @module alias: (name) @alias)) @import
(namespace_use_declaration
  (namespace_name) @prefix
  body: (namespace_use_group (namespace_use_clause [(qualified_name) (name)] @module))) @import
(include_expression [(string) (encapsed_string)] @module) @import
(include_once_expression [(string) (encapsed_string)] @module) @import
(require_expression [(string) (encapsed_string)] @module) @import
(require_once_expression [(string) (encapsed_string)] @module) @import
