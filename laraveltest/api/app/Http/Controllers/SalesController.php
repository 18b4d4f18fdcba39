<?php

namespace App\Http\Controllers;

use App\Models\Order;
use App\Models\Subscription;
use App\Models\Transaction;
use Illuminate\Http\Request;

class SalesController extends Controller
{
    public function orders()
    {
        return $this->page($this->filtered(Order::query(), ['completed', 'waiting', 'cancelled', 'refunded']));
    }

    public function order(Request $request)
    {
        return $this->success(Order::where($request->validate(['id_order' => 'required|string']))->firstOrFail());
    }

    public function transactions()
    {
        return $this->page($this->filtered(Transaction::query()));
    }

    public function subscriptions()
    {
        return $this->page($this->filtered(Subscription::query(), ['active', 'inactive', 'error']));
    }

    public function amount()
    {
        return $this->success(['amount' => (float) $this->within(Order::where('status', 'completed'))->sum('amount')]);
    }
}
