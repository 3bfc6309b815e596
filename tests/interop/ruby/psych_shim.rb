# Psych 4 takes no more positional arguments in safe_load, and MCollective 2.12 passes them: without this, Ruby 3.1 reads
# no YAML facts and drops every message of the ssl plugin's YAML. Loaded with RUBYOPT; no file of the package is touched.
require 'psych'

module PositionalSafeLoad
  NAMES = %i[permitted_classes permitted_symbols aliases filename].freeze

  def safe_load(yaml, *positional, **named)
    super(yaml, **NAMES.zip(positional).first(positional.size).to_h, **named)
  end
end

Psych.singleton_class.prepend(PositionalSafeLoad)
