<?php

// Laravel's English messages of the rules that this application uses.
return [
    'after_or_equal' => 'The :attribute must be a date after or equal to :date.',
    'between' => ['numeric' => 'The :attribute must be between :min and :max.'],
    'boolean' => 'The :attribute field must be true or false.',
    'date_format' => 'The :attribute does not match the format :format.',
    'email' => 'The :attribute must be a valid email address.',
    'in' => 'The selected :attribute is invalid.',
    'integer' => 'The :attribute must be an integer.',
    'max' => [
        'array' => 'The :attribute must not have more than :max items.',
        'numeric' => 'The :attribute must not be greater than :max.',
        'string' => 'The :attribute must not be greater than :max characters.',
    ],
    'min' => ['numeric' => 'The :attribute must be at least :min.'],
    'regex' => 'The :attribute format is invalid.',
    'required' => 'The :attribute field is required.',
    'required_without' => 'The :attribute field is required when :values is not present.',
    'string' => 'The :attribute must be a string.',
    'url' => 'The :attribute must be a valid URL.',
];
