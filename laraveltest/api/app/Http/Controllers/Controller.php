<?php

namespace App\Http\Controllers;

use App\Exceptions\ApiException;
use App\Models\Contact;
use Illuminate\Database\QueryException;
use Illuminate\Support\Facades\Validator;

abstract class Controller extends \Illuminate\Routing\Controller
{
    const NAME = 'required|string|max:255';
    const TEXT = 'nullable|string|max:255';

    protected function success($data = null, $status = 200, $meta = null)
    {
        return response()->json(array_filter(['success' => true, 'data' => $data, 'meta' => $meta], fn ($v) => $v !== null), $status);
    }

    /** One page of Laravel's paginator, without the hidden fields. */
    protected function page($query, $hidden = [])
    {
        $in = request()->validate(['page' => 'nullable|integer|min:1', 'per_page' => 'nullable|integer|between:1,100']);
        $page = $query->paginate($in['per_page'] ?? 50);

        return $this->success($page->getCollection()->makeHidden($hidden), 200, [
            'current_page' => $page->currentPage(),
            'last_page' => $page->lastPage(),
            'per_page' => (int) $page->perPage(),
            'total' => $page->total(),
        ]);
    }

    /** The newest rows first, as status, period and range filter them. */
    protected function filtered($query, $statuses = null)
    {
        if ($statuses !== null && ($status = request('status')) !== null) {
            if (! in_array($status, $statuses, true)) {
                throw new ApiException('INVALID_STATUS');
            }
            $query->where('status', $status);
        }

        return $this->within($query)->latest()->latest('id');
    }

    protected function within($query)
    {
        [$from, $to] = match (request('period')) {
            null, 'all' => [null, null],
            'today' => [today(), today()],
            'yesterday' => [today()->subDay(), today()->subDay()],
            'last7days' => [today()->subDays(6), today()],
            'last30days' => [today()->subDays(29), today()],
            'between' => $this->range(),
            default => throw new ApiException('INVALID_PERIOD'),
        };

        return $from ? $query->whereBetween('created_at', [$from, $to->copy()->endOfDay()]) : $query;
    }

    private function range()
    {
        [$from, $to] = array_pad(explode('to', (string) request('range'), 2), 2, '');
        $valid = Validator::make(compact('from', 'to'), [
            'from' => 'required|date_format:Y-m-d',
            'to' => 'required|date_format:Y-m-d|after_or_equal:from',
        ]);
        if ($valid->fails()) {
            throw new ApiException('INVALID_PERIOD');
        }

        return [now()->parse($from), now()->parse($to)];
    }

    /** The row that the request names, or NOT_FOUND. */
    protected function find($model, $field, $rules = [])
    {
        return $model::findOrFail(request()->validate([$field => 'required|integer'] + $rules)[$field]);
    }

    /** The contact that the request names by contact_id or, without one, by email. */
    protected function contact($rules = [])
    {
        $in = request()->validate($rules + [
            'contact_id' => 'required_without:email|nullable|integer',
            'email' => 'required_without:contact_id|nullable|string',
        ]);

        return isset($in['contact_id']) ? Contact::findOrFail($in['contact_id']) : Contact::where('email', $in['email'])->firstOrFail();
    }

    /** A list of ids in one string, as in "12,7". */
    protected function ids($field)
    {
        $list = request($field) ?? '';
        if (! is_string($list) || ! preg_match('/^(-?\d+(,-?\d+)*)?$/', $list)) {
            throw new ApiException('VALIDATION_ERROR', "The $field list is malformed");
        }

        return $list === '' ? [] : array_unique(array_map('intval', explode(',', $list)));
    }

    /** Stores a row, or fails with the code if its unique key is taken. */
    protected function save($row, $taken)
    {
        try {
            $row->save();
        } catch (QueryException $e) {
            throw $e->getCode() === '23000' ? new ApiException($taken) : $e;
        }

        return $row;
    }

    /** The validated fields of the request that have a value. */
    protected function given($rules)
    {
        return array_filter(request()->validate($rules), fn ($v) => $v !== null);
    }
}
