<?php

namespace App\Models;

class User extends \Illuminate\Foundation\Auth\User
{
    protected $guarded = [];
    public $timestamps = false;
}
