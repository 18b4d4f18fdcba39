<?php

namespace App\Models;

class Tag extends Model
{
    protected $visible = ['id', 'name', 'created_at'];
    protected $casts = ['created_at' => 'datetime:Y-m-d H:i:s'];

    public function contacts()
    {
        return $this->belongsToMany(Contact::class);
    }
}
