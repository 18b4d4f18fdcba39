<?php

namespace App\Models;

class CustomField extends Model
{
    protected $visible = ['id', 'name', 'type', 'values'];
}
