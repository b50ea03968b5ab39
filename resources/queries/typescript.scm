; inherits: ecma

(class_declaration name: (type_identifier) @name) @definition.class
(abstract_class_declaration name: (type_identifier) @name) @definition.class
(interface_declaration name: (type_identifier) @name) @definition.interface
(type_alias_declaration name: (type_identifier) @name) @definition.type
(enum_declaration name: (identifier) @name) @definition.enum
(internal_module name: (_) @name) @definition.namespace
(function_signature name: (identifier) @name) @definition.function
(method_signature name: (property_identifier) @name) @definition.method
(abstract_method_signature name: (property_identifier) @name) @definition.method
(property_signature name: (property_identifier) @name) @definition.field
(public_field_definition name: (property_identifier) @name) @definition.field

(type_annotation (type_identifier) @reference)
(type_annotation (generic_type name: (type_identifier) @reference))
(type_annotation (array_type (type_identifier) @reference))
(type_annotation (union_type (type_identifier) @reference))
(type_arguments (type_identifier) @reference)
(implements_clause (type_identifier) @reference)
(extends_clause value: (identifier) @reference)
(extends_clause value: (member_expression property: (property_identifier) @reference))
(extends_type_clause (type_identifier) @reference)
(decorator (identifier) @reference)
