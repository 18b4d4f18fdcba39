<?php

namespace App\Http\Controllers;

use App\Exceptions\ApiException;
use App\Models\Funnel;
use App\Models\Step;
use Illuminate\Http\Request;
use Illuminate\Support\Str;

class FunnelController extends Controller
{
    const TYPE = ['type' => 'bail|nullable|integer|in:0,1,2'];

    public function index()
    {
        return $this->page(Funnel::with('steps')->orderBy('id'));
    }

    public function store()
    {
        $given = $this->given(self::TYPE + ['name' => self::NAME]);
        if (! config('app.subdomain')) {
            throw new ApiException('NO_SUBDOMAIN');
        }

        return $this->success(Funnel::create($given), 201);
    }

    public function update()
    {
        $funnel = $this->find(Funnel::class, 'funnel_id');
        $funnel->update($this->given(self::TYPE + ['name' => 'sometimes|'.self::NAME]));

        return $this->success($funnel->only('id'));
    }

    public function destroy()
    {
        $this->find(Funnel::class, 'funnel_id')->delete();

        return $this->success();
    }

    public function storeStep()
    {
        $rules = ['name' => self::NAME, 'type' => 'nullable|integer'];
        $funnel = $this->find(Funnel::class, 'funnel_id', $rules);
        $given = $this->given($rules);
        $slug = $path = Str::slug($given['name']) ?: 'step';
        for ($n = 1; $funnel->steps()->where('path', $path)->exists(); $n++) {
            $path = "$slug-$n";
        }
        $step = $funnel->steps()->create($given + ['path' => $path, 'order' => $funnel->steps()->max('order') + 1]);

        return $this->success($step->only('id', 'funnel_id', 'name', 'path', 'order'), 201);
    }

    public function updateStep(Request $request)
    {
        $step = $this->find(Step::class, 'step_id');
        $step->fill($request->validate([
            'name' => 'sometimes|'.self::NAME,
            'path' => ['sometimes', 'bail', 'required', 'string', 'max:255', 'regex:/^[a-z0-9_-]+$/i'],
        ]));
        $this->save($step, 'PATH_TAKEN');

        return $this->success($step->only('id'));
    }

    public function destroyStep()
    {
        $this->find(Step::class, 'step_id')->delete();

        return $this->success();
    }
}
