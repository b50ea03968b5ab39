; What Ruby defines, uses and requires; see assistant/repository/symbols.py for the captures.

(class name: [(constant) (scope_resolution)] @name) @definition.class
(module name: [(constant) (scope_resolution)] @name) @definition.module
(method name: (_) @name) @definition.function
(singleton_method name: (_) @name) @definition.method
(assignment left: (constant) @name) @definition.constant

(assignment left: (instance_variable) @attribute) @assigned
((call method: (identifier) @_attr arguments: (argument_list . (simple_symbol) @attribute)) @assigned
  (#any-of? @_attr "attr_accessor" "attr_reader" "attr_writer"))

(call method: (identifier) @reference)
(call receiver: (constant) @reference)
(superclass (constant) @reference)

(call method: (identifier) @_require arguments: (argument_list . (string (string_content) @module))
  (#any-of? @_require "require" "require_relative" "load")) @import
