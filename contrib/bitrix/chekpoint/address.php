<?php

namespace Chekpoint\Bitrix;

use Bitrix\Main\SystemException;

/**
 * What both cashboxes share: the address of the node is a field of the cashbox, not a constant of the code.
 *
 * The class that uses it says PROTOCOL ("v4" or "v5") and TITLE.
 */
trait Address
{
	public static function getName()
	{
		return static::TITLE;
	}

	public static function getSettings($modelId = 0)
	{
		$settings = parent::getSettings($modelId);
		// the node has one address for trial and for real: a trial goes to an emulated register
		unset($settings['INTERACTION']);
		$settings['SERVICE']['ITEMS']['CHEKPOINT_URL'] = [
			'TYPE' => 'STRING',
			'LABEL' => 'Адрес Chekpoint (например, https://kassa.example.ru)',
			'VALUE' => '',
		];

		return $settings;
	}

	protected function getRequestUrl($operation, $token, array $queryData = [])
	{
		$address = rtrim(trim((string)$this->getValueFromSettings('SERVICE', 'CHEKPOINT_URL')), '/');
		if ($address === '')
		{
			throw new SystemException('В настройках кассы не указан адрес Chekpoint');
		}

		$base = $address . '/possystem/' . static::PROTOCOL;
		if ($operation === static::OPERATION_GET_TOKEN)
		{
			return $base . '/getToken';
		}

		$group = $base . '/' . rawurlencode((string)$this->getField('NUMBER_KKM'));
		$query = '?token=' . rawurlencode((string)$token);
		if ($operation === static::OPERATION_CHECK_REGISTRY)
		{
			return $group . '/' . $queryData['CHECK_TYPE'] . $query;
		}
		if ($operation === static::OPERATION_CHECK_CHECK)
		{
			return $group . '/report/' . rawurlencode((string)$queryData['EXTERNAL_UUID']) . $query;
		}

		throw new SystemException('Неизвестная операция кассы: ' . $operation);
	}
}
