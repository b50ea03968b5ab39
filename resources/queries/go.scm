; What Go defines, uses and imports; see assistant/repository/symbols.py for the captures.

(function_declaration name: (identifier) @name) @definition.function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @parent
    (pointer_type (type_identifier) @parent)
    (generic_type type: (type_identifier) @parent)
    (pointer_type (generic_type type: (type_identifier) @parent))]))
  name: (field_identifier) @name) @definition.method
(type_spec name: (type_identifier) @name type: (struct_type)) @definition.struct
(type_spec name: (type_identifier) @name type: (interface_type)) @definition.interface
(type_spec name: (type_identifier) @name) @definition.type
(type_alias name: (type_identifier) @name) @definition.type
(method_elem name: (field_identifier) @name) @definition.method
(field_declaration name: (field_identifier) @name) @definition.field
(source_file (const_declaration (const_spec name: (identifier) @name) @definition.constant))
(source_file (var_declaration (var_spec name: (identifier) @name) @definition.variable))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @definition.variable)))

(import_declaration (import_spec_list)) @group
(const_declaration "(") @group
(var_declaration (var_spec_list)) @group
(type_declaration "(") @group

(call_expression function: (identifier) @reference)
(call_expression function: (selector_expression field: (field_identifier) @reference))
(composite_literal type: (type_identifier) @reference)
(composite_literal type: (qualified_type name: (type_identifier) @reference))
(parameter_declaration type: (type_identifier) @reference)
(parameter_declaration type: (pointer_type (type_identifier) @reference))
(parameter_declaration type: (qualified_type name: (type_identifier) @reference))
(parameter_declaration type: (pointer_type (qualified_type name: (type_identifier) @reference)))
(field_declaration type: (type_identifier) @reference)
(function_declaration result: (type_identifier) @reference)
(method_declaration result: (type_identifier) @reference)

(import_spec path: (interpreted_string_literal) @module !name) @import
(import_spec name: (_) @alias path: (interpreted_string_literal) @module) @import
