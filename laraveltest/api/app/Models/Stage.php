<?php

namespace App\Models;

class Stage extends Model
{
    protected $visible = ['id', 'sequence_id', 'step', 'name', 'stage_type', 'time_value', 'time_type'];
    protected $casts = ['sequence_id' => 'integer', 'time_value' => 'integer', 'time_type' => 'integer'];
    protected $attributes = ['stage_type' => 'send_email', 'time_value' => 1, 'time_type' => 86400];
}
