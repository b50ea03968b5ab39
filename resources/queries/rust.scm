; What Rust defines, uses and imports; see assistant/repository/symbols.py for the captures.

(function_item name: (identifier) @name) @definition.function
(function_signature_item name: (identifier) @name) @definition.function
(struct_item name: (type_identifier) @name) @definition.struct
(union_item name: (type_identifier) @name) @definition.struct
(enum_item name: (type_identifier) @name) @definition.enum
(enum_variant name: (identifier) @name) @definition.constant
(field_declaration name: (field_identifier) @name) @definition.field
(trait_item name: (type_identifier) @name) @definition.trait
(type_item name: (type_identifier) @name) @definition.type
(const_item name: (identifier) @name) @definition.constant
(static_item name: (identifier) @name) @definition.constant
(macro_definition name: (identifier) @name) @definition.macro
(mod_item name: (identifier) @name body: (_)) @definition.module
(impl_item type: [
  (type_identifier) @name
  (generic_type type: (type_identifier) @name)
  (scoped_type_identifier name: (type_identifier) @name)]) @scope

(call_expression function: (identifier) @reference)
(call_expression function: (scoped_identifier name: (identifier) @reference))
(call_expression function: (scoped_identifier path: (identifier) @reference))
(call_expression function: (field_expression field: (field_identifier) @reference))
(macro_invocation macro: (identifier) @reference)
(struct_expression name: (type_identifier) @reference)
(parameter type: (type_identifier) @reference)
(parameter type: (reference_type type: (type_identifier) @reference))
(field_declaration type: (type_identifier) @reference)
(function_item return_type: (type_identifier) @reference)
(type_arguments (type_identifier) @reference)
(impl_item trait: (type_identifier) @reference)
(trait_bounds (type_identifier) @reference)

(use_declaration argument: [(identifier) (scoped_identifier) (scoped_use_list) (use_list) (use_as_clause) (use_wildcard)]
  @use) @import
(mod_item name: (identifier) @module !body) @import
